"""The preference study: people are shown blind pairs of pictures in a web page, their answers are kept and summed up.

Any folder will do that has one sub-folder of pictures per method. What is written goes into one SQLite file and nowhere else.
"""
