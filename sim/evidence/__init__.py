"""What the record says: dated facts with sources, laws fitted to them, back-cast, calibration.

In: tables of dated facts (``records/``). Out: the numbers that a scenario may call record, each
computed here again by a named statistic; the register of all numbers of a scenario; tests of the
model against episodes of the past. What serves any case stands here (laws, rates, scores,
narrowing of draws); what is Korea's own in ``korea/``. Read first: ``records/__init__.py``.
"""
