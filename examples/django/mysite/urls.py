import time

from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.http import StreamingHttpResponse
from django.urls import path
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt import views


class Hello(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"message": "Hello, World!"})


class Upload(APIView):
    """Answers with the size of the file that was sent as `file`."""

    permission_classes = [IsAuthenticated]
    parser_classes = [MultiPartParser]

    def post(self, request):
        return Response({"bytes": request.data["file"].size})


def clock(request):
    """A line every tenth of a second, each sent as soon as it is there."""

    def ticks():
        for count in range(10):
            yield f"tick {count}\n"
            time.sleep(0.1)

    return StreamingHttpResponse(ticks(), content_type="text/plain")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("hello/", Hello.as_view()),
    path("upload/", Upload.as_view()),
    path("clock/", clock),
    path("api/token/", views.TokenObtainPairView.as_view()),
    path("api/token/refresh/", views.TokenRefreshView.as_view()),
    path("api/token/verify/", views.TokenVerifyView.as_view()),
    path("api/token/blacklist/", views.TokenBlacklistView.as_view()),
]
if settings.DEBUG:
    urlpatterns += staticfiles_urlpatterns()
