"""How practices' targets stand: windows of what posters report, and the states that follow. The role runs in Faust."""
