"""Pure: one answer as a machine: the turn, its items while written, its history, its lease,
and whether it stops when its readers leave.

Everything here takes values and returns values: no I/O, no clock, no tasks. The engine drives it.
"""
