"""What moto has not, or has otherwise than AWS, as far as an account is asked how its trails are set up."""

from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.responses import ActionResult
from moto.s3.responses import S3Response


def list_regions(*names):
    """moto has no ListRegions: without this, nobody says which regions there are."""

    def answer(self):
        return ActionResult({"Regions": [{"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for name in names]})

    AccountResponse.list_regions = answer
    urls.url_paths["{0}/listRegions$"] = AccountResponse.dispatch


def name_versioning_as_s3_does():
    """moto's answer has another name than S3's, which the SDK for Rust does not take."""

    def answer(self, whole=S3Response.get_bucket_versioning):
        status, headers, body = whole(self)
        body = body.decode() if isinstance(body, bytes) else body
        return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")

    S3Response.get_bucket_versioning = answer
