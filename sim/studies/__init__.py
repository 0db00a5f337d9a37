"""The questions that an analyst asks: one module a study.

In: results, or a scenario whose replications the study runs. Out: a study: tables by name, and a
manifest that says how they were made; both can be written to a folder and read again. Nothing here
prints or draws. Read first: ``decision.py``, then the module named by the command.
"""
