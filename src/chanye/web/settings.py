"""Django's settings, derived from the one settings object."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlparse

from django.utils.translation import gettext_lazy as _

from chanye.kernel.settings import get_settings
from chanye.web.secrets import read_or_make_secret

CHANYE = get_settings()
HERE = Path(__file__).parent

SECRET_KEY = read_or_make_secret(CHANYE.data / "secrets" / "django.key")
DEBUG = CHANYE.debug
_public = urlparse(CHANYE.public_url)
_hosts = {"127.0.0.1", "localhost", "[::1]", CHANYE.host, _public.hostname or "localhost"}
ALLOWED_HOSTS = sorted(_hosts - {"0.0.0.0"})  # noqa: S104  # a listening address is not a name people type
CSRF_TRUSTED_ORIGINS = [CHANYE.public_url] if CHANYE.public_url else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "chanye.parties.apps.PartiesConfig",
    "chanye.spine.apps.SpineConfig",
    "chanye.connectors.apps.ConnectorsConfig",
    "chanye.trace.apps.TraceConfig",
    "chanye.evidence.apps.EvidenceConfig",
    "chanye.domains.factory.apps.FactoryConfig",
    "chanye.domains.programme.apps.ProgrammeConfig",
    "chanye.domains.projects.apps.ProjectsConfig",
    "chanye.scoreboard.apps.ScoreboardConfig",
    "chanye.web.apps.WebConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "chanye.web.security.csp_middleware",
    "chanye.web.security.body_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "chanye.web.middleware.viewer_middleware",
    "chanye.web.middleware.sign_in_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "chanye.web.security.denied_middleware",
]

ROOT_URLCONF = "chanye.web.urls"
WSGI_APPLICATION = "chanye.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chanye.web.context.chanye",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "chanye.web.templatetags.chanye",
            ],
        },
    }
]


#: A thread keeps its connection this long: opening one costs as much as a page. [s]
KEPT_OPEN = 300


def _database() -> dict[str, object]:
    if not CHANYE.database:
        CHANYE.data.mkdir(parents=True, exist_ok=True)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "CONN_MAX_AGE": KEPT_OPEN,
            "NAME": str(CHANYE.data / "records.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA busy_timeout=20000;",
            },
        }
    url = urlparse(CHANYE.database)
    query = dict(parse_qsl(url.query))  # host=FOLDER names a Unix socket
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": KEPT_OPEN,
        "CONN_HEALTH_CHECKS": True,
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or query.get("host", ""),
        "PORT": str(url.port or query.get("port", "")),
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "parties.Person"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "static"]
STATIC_ROOT = CHANYE.data / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = CHANYE.debug

SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CHANYE.public_url.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if CHANYE.public_url.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SILENCED_SYSTEM_CHECKS: list[str] = []
