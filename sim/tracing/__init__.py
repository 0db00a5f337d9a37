"""One replication, event by event.

In: the event log that either engine writes. Out: tables and sentences: the dated trace, the time
budget (what each track did with its days), and the first divergence of two strategies under common
random numbers. Read first: ``trace.py``.
"""
