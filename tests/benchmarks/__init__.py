"""`make bench`: what the pipeline reaches, as ratios against bare loops in one interleaved run."""
