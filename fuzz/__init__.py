"""Fuzzing of every parser that bytes from outside reach, by ``python -m fuzz``; never part of the product.

A target is a module ``fuzz_NAME`` with ``one_input(data: bytes)``, which raises for a finding only, and ``seeds()``,
what its corpus ``corpus/NAME`` began with. The corpora run with the tests.
"""
