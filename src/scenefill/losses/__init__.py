"""Losses: functions of tensors. Each is a mean with a clamped count: a batch without the thing in question gives 0, not NaN."""
