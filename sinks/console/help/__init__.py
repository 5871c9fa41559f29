"""What is said of each screen: plain data. `practice_screens` and `other_screens` hold the articles, `articles` finds
one by its screen. What is said of a practice system comes from the catalogue of systems.
"""
