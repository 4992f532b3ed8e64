"""Pairs of terms of our own. English: in German a swap would change articles and endings too."""

from __future__ import annotations

from collections.abc import Mapping

Pair = tuple[str, str]

# him, his, her and hers come with he and she: they need the words around them, see `swaps`.
GENDER_EN: tuple[Pair, ...] = (
    ("he", "she"),
    ("himself", "herself"),
    ("man", "woman"),
    ("men", "women"),
    ("boy", "girl"),
    ("boys", "girls"),
    ("father", "mother"),
    ("fathers", "mothers"),
    ("dad", "mum"),
    ("daddy", "mummy"),
    ("son", "daughter"),
    ("sons", "daughters"),
    ("brother", "sister"),
    ("brothers", "sisters"),
    ("husband", "wife"),
    ("husbands", "wives"),
    ("uncle", "aunt"),
    ("uncles", "aunts"),
    ("nephew", "niece"),
    ("grandfather", "grandmother"),
    ("grandson", "granddaughter"),
    ("boyfriend", "girlfriend"),
    ("gentleman", "lady"),
    ("gentlemen", "ladies"),
    ("male", "female"),
    ("males", "females"),
    ("mr", "ms"),
    ("sir", "madam"),
    ("waiter", "waitress"),
    ("actor", "actress"),
    ("salesman", "saleswoman"),
    ("businessman", "businesswoman"),
    ("spokesman", "spokeswoman"),
    ("chairman", "chairwoman"),
)

# Names of one gender each, so that pronouns stay right: of people whom readers in the United States
# take for white and for black (Bertrand and Mullainathan, "Are Emily and Greg More Employable than
# Lakisha and Jamal?", American Economic Review 94(4), 2004, table 1).
NAMES_EN: tuple[Pair, ...] = (
    ("Emily", "Lakisha"),
    ("Anne", "Latoya"),
    ("Jill", "Tamika"),
    ("Allison", "Ebony"),
    ("Laurie", "Latonya"),
    ("Meredith", "Keisha"),
    ("Carrie", "Aisha"),
    ("Kristen", "Tanisha"),
    ("Greg", "Jamal"),
    ("Brendan", "Darnell"),
    ("Geoffrey", "Kareem"),
    ("Brett", "Tremayne"),
    ("Todd", "Rasheed"),
    ("Matthew", "Leroy"),
    ("Jay", "Tyrone"),
)

LISTS: Mapping[str, tuple[Pair, ...]] = {"gender_en": GENDER_EN, "names_en": NAMES_EN}
