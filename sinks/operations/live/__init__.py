"""The pipeline as it is now, from the roles' own metrics: no Prometheus is asked, and no database.

`scrape` reads the endpoints, `view` makes of two readings what a person looks at.
"""
