"""Modbus, the wire that sensors and access of the site share: RTU by an own master, TCP, and RTU over a TCP bridge.

Knows registers, not what they measure. ``plan`` says what is asked, ``link.ModbusLink`` is the driver
(``field.Driver``) over one of two masters: ``rtu_master.RtuMaster``, ``tcp_master.TcpMaster``. The other end:
``simulator``.
"""
