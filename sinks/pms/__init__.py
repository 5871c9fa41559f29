"""Routes into practice management systems, one folder per vendor, all behind `sinks.targets.port.PaymentTarget`."""
