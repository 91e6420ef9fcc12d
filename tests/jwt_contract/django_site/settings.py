"""Django beside the service: same tables, same key. From the environment:

  CONTRACT_DATABASE   sqlite:FILE, or postgresql: and a libpq connection string
  CONTRACT_KEY        the key of the tokens
  CONTRACT_JWT        simplejwt's settings as JSON, under the names of the service (lower case, times in seconds)
"""

import json
import os
import shlex
from datetime import timedelta

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class CheapHasher(PBKDF2PasswordHasher):
    """The same iterations as the users of the tests: otherwise a login would write a new hash."""

    iterations = 1000


def database(url):
    kind, _, where = url.partition(":")
    if kind == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": where, "OPTIONS": {"timeout": 10}}
    parts = dict(part.split("=", 1) for part in shlex.split(where))
    return {"ENGINE": "django.db.backends.postgresql", "NAME": parts["dbname"], "HOST": parts.get("host", ""),
            "PORT": parts.get("port", ""), "USER": parts.get("user", "")}


def library_settings(given):
    """The service's settings under simplejwt's names."""
    classes = {"access": "AccessToken", "sliding": "SlidingToken"}
    result = {"SIGNING_KEY": SECRET_KEY}
    for name, value in given.items():
        if name in ("token_blacklist", "stateless"):
            continue
        if name.endswith("_lifetime"):
            value = timedelta(seconds=value)
        if name == "auth_token_classes":
            value = [f"rest_framework_simplejwt.tokens.{classes[one]}" for one in value]
        result[name.upper()] = value
    return result


GIVEN = json.loads(os.environ["CONTRACT_JWT"])
SECRET_KEY = os.environ["CONTRACT_KEY"]
SIMPLE_JWT = library_settings(GIVEN)
DATABASES = {"default": database(os.environ["CONTRACT_DATABASE"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django_site.settings.CheapHasher"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"]
if GIVEN.get("token_blacklist", True) or "migrate" in os.environ.get("CONTRACT_COMMAND", ""):
    INSTALLED_APPS.append("rest_framework_simplejwt.token_blacklist")
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # for its slashes; no other middleware matters for the contract
ROOT_URLCONF = "django_site.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "/static/"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
REST_FRAMEWORK = {  # the default renderers, so that Vary is there
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication." + (
        "JWTStatelessUserAuthentication" if GIVEN.get("stateless") else "JWTAuthentication")],
}
