"""Hostile input against the whole pipeline, while a healthy practice has to go on at its pace (guarantee 4).

Records, headers, keys and settings (`hostile_records`), answers of a target, addresses of contacts. Nothing is timed:
the healthy practice's payments have to be posted while the hostile input is still in play.
"""
