"""What every role runs on: Kafka clients (`kafka/`), the runtime (`runtime/`), the program's settings (`settings`)."""
