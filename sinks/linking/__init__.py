"""Which patient of the practice's system a reference is: `decide` over `compare` over `normal_form`. Pure."""
