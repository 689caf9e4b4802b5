"""What is measured on a filled picture, one definition each.

Pictures are (H, W, 3) uint8 RGB after compositing and rounding, masks (H, W) bool with True = hole, label maps (H, W) uint8.
A metric that is not defined for a picture (no hole, a flat truth) is NaN.
"""
