"""Routes into practice management systems, one folder per vendor, all behind `sinks.port.PaymentTarget`."""
