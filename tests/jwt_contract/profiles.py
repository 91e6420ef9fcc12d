"""The settings that the cases need: a profile is the configuration of one server. Prints the service's configuration:

  profiles.py PROFILE DATABASE_URL [KEY_FILE]
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field

from recipes import KEY

HASH_ITERATIONS = 1000  # makes the users' hashes cheap


@dataclass(frozen=True)
class Profile:
    settings: dict = field(default_factory=dict)  # simplejwt's names, in lower case
    django: bool = True  # whether the older Django has these settings
    claim_names: dict = field(default_factory=dict)  # type, jti, refresh_exp, user_id

    algorithm = property(lambda self: self.settings.get("algorithm", "HS256"))

    def lifetime(self, kind: str) -> int:
        default = 86400 if kind == "refresh" else 300
        return self.settings.get(f"{kind}_token_lifetime", default)

    @property
    def sliding_refresh_lifetime(self) -> int:
        return self.settings.get("sliding_token_refresh_lifetime", 86400)

    @property
    def written(self) -> dict:
        """The claims that every token has."""
        return {claim: self.settings[name] for claim, name in (("aud", "audience"), ("iss", "issuer"))
                if name in self.settings}

    @property
    def challenge(self) -> str:
        return self.settings.get("auth_header_types", ["Bearer"])[0] + ' realm="api"'


AUDIENCES, ISSUER, LEEWAY = ["shop", "depot"], "https://id.example", 60
PROFILES = {
    "default": Profile(),
    "rotation": Profile({"rotate_refresh_tokens": True}),
    "rotation_blacklist": Profile({
        "rotate_refresh_tokens": True, "blacklist_after_rotation": True, "update_last_login": True}),
    "no_blacklist": Profile({
        "token_blacklist": False, "rotate_refresh_tokens": True, "blacklist_after_rotation": True}),
    "claims": Profile({"audience": AUDIENCES, "issuer": ISSUER, "leeway": LEEWAY}),
    "names": Profile({
        "access_token_lifetime": 60, "refresh_token_lifetime": 3600, "sliding_token_lifetime": 90,
        "sliding_token_refresh_lifetime": 7200, "algorithm": "HS512", "auth_header_types": ["JWT", "Token"],
        "auth_header_name": "HTTP_X_ACCESS_TOKEN", "user_id_field": "username", "user_id_claim": "name",
        "token_type_claim": "sort", "jti_claim": "id", "sliding_token_refresh_exp_claim": "until",
        "auth_token_classes": ["access", "sliding"],
    }, claim_names={"type": "sort", "jti": "id", "refresh_exp": "until", "user_id": "name"}),
    "unchecked": Profile({"token_type_claim": None, "jti_claim": None, "token_blacklist": False}, django=False),
    "revoke": Profile({"check_revoke_token": True}, django=False),
    "inactive_too": Profile({"check_user_is_active": False}, django=False),
    "stateless": Profile({"stateless": True}),
    "grace": Profile({"rotate_refresh_tokens": True, "blacklist_after_rotation": True, "rotation_grace": 60},
                     django=False),
    "throttled": Profile({"login_rate": "3/1m"}, django=False),
    "encrypted": Profile({"encrypt": True, "encryption_key": "0123456789abcdef" * 4}, django=False),
    **{name: Profile({"algorithm": name}, django=False) for name in (
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")},
}


def service_configuration(name: str, database: str, key_file: str = "") -> str:
    """The server's configuration. JSON is YAML."""
    kind, _, where = database.partition(":")
    app = {"signing_key": {"file": key_file} if key_file else {"secret": KEY}, "password_iterations": HASH_ITERATIONS,
           "database": {"url": f"sqlite://{where}" if kind == "sqlite" else where}}
    app.update(PROFILES[name].settings)
    return json.dumps({"workers": 2, "threads": 4, "app": app}, indent=1)


if __name__ == "__main__":
    print(service_configuration(*sys.argv[1:]))
