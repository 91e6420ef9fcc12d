"""Where Debian's Django 3.2, REST framework 3.14, simplejwt 5.2.2 and PyJWT 2.6 answer differently, and why we do not.

The contract is the newest state of the library: each entry is something that has changed since, or a bug that the
contract tells a clone not to repeat. side_by_side.py fails on a difference that no case names, and on an entry here
that no case needs; docs/jwt_auth_differences.md is generated from this file.
"""

DIFFERENCES = {
    "one-message": "simplejwt 5.4 split “Token is invalid or expired” into two messages.",
    "integer-user-id": "Since simplejwt 5.5.1 user_id is a string in the token; both forms are accepted.",
    "iat-copied": "simplejwt 5.2 lets the refresh token's iat overwrite the new access token's.",
    "no-user-lookup": "simplejwt 5.2 does not look up the user at a refresh: deleted and inactive users get tokens.",
    "no-subject-check": "PyJWT before 2.10 does not require sub and jti to be strings.",
    "no-outstanding-rotation": "simplejwt 5.2 does not list rotated refresh tokens as outstanding.",
    "lenient-base64": "Python's base64 accepts padding, letters outside its alphabet and stray bits, so one token has "
                      "many spellings. The contract lets a clone refuse them.",
    "said-twice": "Of repeated names Python's json takes the last, other readers the first: a token with a repeated "
                  "name is invalid here.",
    "half-surrogate": "Half a surrogate pair is not text: to the service the JSON is malformed. The contract does not "
                      "mention it; both answer 400.",
    "500-user-id": "A user_id that is not a number raises an uncaught ValueError there.",
    "500-no-jti": "Without a jti the blacklist check raises an uncaught KeyError there.",
    "500-exp": "An exp that datetime cannot hold or int() cannot convert raises an uncaught exception there.",
    "500-content-type": "A Content-Type that is not ASCII raises an uncaught exception there.",
    "browsable-page": "REST framework has pages for browsers; the service has only JSON, and answers 406.",
}

# What the contract leaves to a clone, or what we add to it. These are the same in every answer, so no table has them.
OWN = (
    "A token of more than 64 KiB, with more than 64 members in its header or 1024 in its claims, or with JSON nested "
    "deeper than 64 levels, is “Token is invalid”.",
    "A token whose jti has more than 255 characters, or a NUL, is “Token is invalid” if tokens can be revoked: the "
    "column cannot hold it. Django answers 500 on PostgreSQL.",
    "A body of more than 64 KiB is a 400, in any format; Django reads JSON of any size, and forms of 2.5 MB.",
    "A body whose JSON has more than 1000 members (Django's limit for a form's fields), or is nested deeper than 64 "
    "levels, is a 400; Django answers 500 to very deep nesting.",
    "With blacklisting after rotation, exactly one of several parallel refreshes with one token wins.",
    "Every response has X-Content-Type-Options: nosniff and Referrer-Policy: same-origin, as with Django's "
    "SecurityMiddleware.",
    "A database that is down gives 503 with Retry-After, not 500.",
)
