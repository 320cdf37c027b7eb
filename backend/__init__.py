"""The reference community platform a booth talks to: stands alone and imports nothing of the booth.

``python -m backend init|serve|openapi``. Two listeners in one process: the booth API (mutual TLS) and the staff pages
(loopback, login). Its residents are synthetic.
"""
