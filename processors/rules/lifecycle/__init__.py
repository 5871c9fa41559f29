"""What happens to money after it was first told: pure rules over one life, called under the practice's lock (law 7)."""
