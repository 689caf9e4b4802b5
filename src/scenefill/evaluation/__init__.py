"""Numbers that can be compared: fixed cases, every metric with its definition and interval, tables and a page of pictures."""
