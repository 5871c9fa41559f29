"""Open Dental's API as its vendor documents it, over offices kept in memory."""
