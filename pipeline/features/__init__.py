"""Features: tokens made on Spark, registered and materialised in Feast."""
