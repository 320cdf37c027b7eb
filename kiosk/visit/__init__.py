"""One resident's visit, from first touch to wiped screen."""
