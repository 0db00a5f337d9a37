"""The version of the model: what decides whether two results folders may be mixed."""

from __future__ import annotations

MODEL_VERSION = 1
"""Raised by hand whenever a replication would come out differently: other laws, other rules of the
process, other addresses of random numbers. The golden rows hold it: a test fails where they have
changed and the version has not. Folders of another version are neither extended nor verified.
"""
