"""What operators watch the pipeline with: its metrics (`metrics_page`). README.md is the map."""
