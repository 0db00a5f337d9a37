"""What is Korea's own: statistics of its record, and the model held against its past.

In: the tables of :mod:`sim.evidence.records`, and scenarios of the catalog. Out: each number that
``korea-2017`` takes from the record, by its key; past episodes as test cases; draws narrowed to
those that agree with the record. What serves any case stands one folder up. Read first:
``statistics.py``.
"""
