"""The booth's figures, each beside a reference measured in the same run: ``python -m benchmarks [NAME ...]``.

A program of its own above all rooms; nothing imports it. What is fast enough is written in the goals here and nowhere
in the tests: a machine under load must not turn a right program into a wrong one.
"""
