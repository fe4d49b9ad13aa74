"""What is a secret: by the names of headers and parameters, by schemes, by its place in a URL, by its shape."""

from __future__ import annotations

import base64

import pytest

from sse_perf_tool.masking import Masker, header_secrets, mask_header, mask_key, mask_text, mask_url, names_a_secret

S = "Zq7Wx9Lm2Kp4Vt6R"
E = "…Vt6R"
"""The same as it may be shown."""


@pytest.mark.parametrize(
    "name",
    ["sig", "X-Sig", "code", "auth_code", "pass", "userPass", "pwd", "db-pwd", "JSESSIONID",
     "php_sid", "X-Amz-Signature", "X-Amz-Credential", "Set-Cookie", "accessToken", "x-goog-api-key", "%73ig",
     "jwt", "HMAC", "sas"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    ["model", "max_tokens", "design", "encode", "bypass", "barcode", "spinner", "Content-Type", "X-Trace", "alt"],
)
def test_names_of_other_things(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Cookie", f"a={S}; b=1;c", f"a={E}; b=…; …"),
        ("Set-Cookie", f"a={S}; Path=/x; Secure; SameSite=Lax", f"a={E}; Path=/x; Secure; SameSite=Lax"),
        ("Set-Cookie", f"path={S}; path=/", f"path={E}; path=/"),
        ("Authorization", f'Digest username="me", uri="/x", response="{S}"', f"Digest username=…, uri=…, response={E}"),
        ("Authorization", f"Hawk id={S}, mac={S}", f"Hawk id={E}, mac={E}"),
        ("Authorization", f"AWS4-HMAC-SHA256 Signature={S}", f"AWS4-HMAC-SHA256 Signature={E}"),
        ("Authorization", f"Bearer {S}", f"Bearer {E}"),
        ("Authorization", f"bearer\t{S}", E),
        ("Authorization", f"Basic {S}", "Basic …"),
        ("Authorization", f"{S} x", "…6R x"),
        ("Authorization", f"Unheard {S}", E),
        ("Authorization", "Bearer", "…"),
        ("X-Any", f"Bearer {S}", f"Bearer {E}"),
        ("X-Any", f"https://me:{S}@h/?sig={S}", f"https://…@h/?sig={E}"),
        ("X-Any", "plain text", "plain text"),
    ],
)  # fmt: skip
def test_headers(name: str, value: str, shown: str) -> None:
    assert mask_header(name, value) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{S}@h/x", "https://…@h/x"),
        (f"https://{S}@h/x", "https://…@h/x"),
        (f"https://me:p@{S}@h/x", "https://…@h/x"),
        (f"https://me:p/{S}@h/x", "https://…@h/x"),
        (f"https://me:p#{S}@h/x", "https://…@h/x"),
        (f"me:{S}@h/x", "…@h/x"),
        (f"//me:{S}@h/x", "//…@h/x"),
        (f"https://h/?next=http://me:{S}@h2/", "https://h/?next=http://…@h2/"),
        (f"https://h/?sig={S}&a=b", f"https://h/?sig={E}&a=b"),
        (f"https://h/?a=b&sig=x/{S}?y={S}", "https://h/?a=b&sig=…Vt6R?y=Zq7Wx9Lm2Kp4Vt6R"),
        (f"https://h/?pwd=ab;{S}&a", "https://h/?pwd=…;…Vt6R&…"),
        (f"https://h/#access_token={S}", f"https://h/#access_token={E}"),
        (f"/v1;jsessionid={S}/x?a=b", f"/v1;jsessionid={E}/x?a=b"),
        (f"/v1/sk-{S}/x", f"/v1/sk-{E}/x"),
        (f"/v1/AIza{S}{S}/x", f"/v1/{E}/x"),
        ("https://h:8080/a@b/@latest?email=a@b", "https://h:8080/a@b/@latest?email=a@b"),
        ("https://[::1]:80/@x", "https://[::1]:80/@x"),
        ("/openai/deployments/gpt-4o-2024-08-06/chat", "/openai/deployments/gpt-4o-2024-08-06/chat"),
        ("who are you?", "who are you?"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"me:{S}@h", "…@h"),
        (f"htps//me:{S}@h/", "…@h/"),
        (f"Authorization Bearer {S}", f"Authorization Bearer {E}"),
        (f"api_key: '{S}'", f"api_key: '{E}'"),
        (f'{{"api_key": "{S}", "x": 1}}', f'{{"api_key": "{E}", "x": 1}}'),
        (f"Cookie: a={S}; b={S}", "Cookie: …"),
        (f"say sk-{S} twice", f"say sk-{E} twice"),
        ("tokens:rate>5", "tokens:rate>5"),
        ("output_tokens=5", "output_tokens=5"),
        ("90x", "90x"),
    ],
)
def test_text_that_could_not_be_read(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize("shown", ["…", "…4Knu", "app-…4Knu", "Bearer app-…4Knu", "Basic …"])
def test_what_is_masked_stays_as_it_is(shown: str) -> None:
    assert mask_key(shown) == shown


@pytest.mark.parametrize("written", ["p\u00e4ss w\"rd'99", "p%C3%A4ss%20w%22rd%2799", "p%C3%A4ss+w%22rd%2799",
                                     "p\\u00e4ss w\\\"rd'99", "p\u00e4ss w\\\"rd'99"])  # fmt: skip
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    assert Masker(["p\u00e4ss w\"rd'99"])(f"<{written}>") == "<…d'99>".replace("d'99", written.strip()[-4:])


def test_the_password_in_basic_is_known_in_plain_letters() -> None:
    mask = Masker(header_secrets("Authorization", "Basic " + base64.b64encode(b"me:" + S.encode()).decode()))
    assert mask(f"wrong password {S}") == f"wrong password {E}"


def test_the_algorithm_and_the_path_in_credentials_are_no_secrets_elsewhere() -> None:
    mask = Masker(
        header_secrets("Authorization", f'Digest qop=auth, algorithm=MD5-sess, uri="/v1/chat", response="{S}"')
    )
    assert mask(f"/v1/chat auth MD5-sess {S}") == f"/v1/chat auth MD5-sess {E}"
