"""Towards the community platform: calls, delivery, telemetry. Knows HTTP and MQTT, shows nothing, keeps nothing."""
