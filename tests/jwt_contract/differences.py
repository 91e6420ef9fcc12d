"""Where Debian's Django 3.2, REST framework 3.14, simplejwt 5.2.2 and PyJWT 2.6 answer otherwise, and why we do not.

The contract is the library's newest state: each entry is something that it changed since, or a fault of it that the
contract tells a clone not to repeat. side_by_side.py fails on a difference that no case names, and on an entry here
that no case needs; docs/jwt_auth_differences.md is made of this.
"""

DIFFERENCES = {
    "one-message": "simplejwt 5.4 split “Token is invalid or expired” in two messages.",
    "integer-user-id": "Since simplejwt 5.5.1 user_id is a string in the token; both are read.",
    "iat-copied": "simplejwt 5.2 lets the refresh token's iat overwrite the new access token's.",
    "no-user-lookup": "simplejwt 5.2 does not look the user up at a refresh: a deleted or inactive one got tokens.",
    "no-subject-check": "PyJWT before 2.10 does not ask that sub and jti are strings.",
    "no-outstanding-rotation": "simplejwt 5.2 does not list rotated refresh tokens as outstanding.",
    "lenient-base64": "Python's base64 takes padding, letters that are not of its alphabet and stray bits: one token "
                      "then has many spellings. The contract lets a clone refuse them.",
    "said-twice": "Python's json lets the last of equal names win, other readers the first: a token that says a thing "
                  "twice is invalid here.",
    "half-surrogate": "Half a surrogate pair is no text: to the service the JSON is malformed. The contract has no word "
                      "on it; both are a 400.",
    "500-user-id": "A user_id that is no number raises ValueError there, which nothing catches.",
    "500-no-jti": "Without a jti the blacklist check raises KeyError there, which nothing catches.",
    "500-exp": "An exp that datetime cannot hold or int() cannot take raises there, which nothing catches.",
    "500-content-type": "A Content-Type that is not ASCII raises there, which nothing catches.",
    "browsable-page": "REST framework has pages for browsers; the service has JSON alone, and says 406.",
}

# What the contract leaves to a clone, or what we add to it; the same in every answer, so in no table.
OWN = (
    "A token of more than 64 KiB, of more than 64 members in its header or 1024 in its claims, or whose JSON is nested "
    "deeper than 64 levels, is “Token is invalid”.",
    "A token whose jti has more than 255 characters, or a NUL, is “Token is invalid” where tokens can be revoked: the "
    "column has no room for it. Django answers 500 on PostgreSQL.",
    "A body of more than 64 KiB is a 400, whatever it is written in; Django reads JSON of any size, and forms of 2.5 MB.",
    "A body whose JSON has more than 1000 members (Django's limit to a form's fields), or is nested deeper than 64 "
    "levels, is a 400; Django answers 500 where it is nested very deep.",
    "Of parallel refreshes with one token, where it is blacklisted after rotation, exactly one wins.",
    "Every response has X-Content-Type-Options: nosniff and Referrer-Policy: same-origin, as with Django's "
    "SecurityMiddleware.",
    "A database that is down gives 503 with Retry-After, not 500.",
)
