"""Frames in, frames out: the statistics of time to agreement.

In: the frame of results, one row a replication. Out: tables of estimates, each with its interval:
incidence, competing risks, paired comparison, control variates, dominance. Nothing here knows of
scenarios, engines or files. Read first: ``samples.py`` (what is sampled), then ``comparison.py``.
"""
