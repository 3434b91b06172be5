//! Where AWS has its services: the endpoint rules of those that are asked without their part of the SDK.

use super::post::Service;

/// The address of a service in a region.
pub(super) fn of(service: Service, region: &str, fips: bool, dual_stack: bool) -> String {
    let (_, plain, dual) = PARTITIONS.iter().find(|(prefix, ..)| region.starts_with(prefix)).unwrap_or(&AWS);
    let suffix = if dual_stack { dual } else { plain };
    // In GovCloud, some have no other than such endpoints.
    let with_both = matches!(service, Service::SecurityHub | Service::S3Control);
    let all_fips = region.starts_with("us-gov-") && !with_both && !dual_stack;
    let fips = if fips && !all_fips { "-fips" } else { "" };
    if service == Service::S3Control {
        // Older than the addresses of the others that speak IPv6, too.
        let dual_stack = if dual_stack { ".dualstack" } else { "" };
        return format!("https://s3-control{fips}{dual_stack}.{region}.{plain}");
    }
    format!("https://{}{fips}.{region}.{suffix}", service.name())
}

/// How the names of regions begin, and how addresses in them end: over IPv4 alone, and over both.
const PARTITIONS: [(&str, &str, &str); 6] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
];

const AWS: (&str, &str, &str) = ("", "amazonaws.com", "api.aws");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_where_the_endpoint_rules_say() {
        for (service, region, fips, dual_stack, url) in [
            (Service::Sns, "eu-central-1", false, false, "https://sns.eu-central-1.amazonaws.com"),
            (Service::Sns, "us-east-1", true, false, "https://sns-fips.us-east-1.amazonaws.com"),
            (Service::Sns, "us-east-1", true, true, "https://sns-fips.us-east-1.api.aws"),
            (Service::Sns, "us-gov-west-1", true, false, "https://sns.us-gov-west-1.amazonaws.com"),
            (Service::EventBridge, "us-gov-east-1", true, true, "https://events-fips.us-gov-east-1.api.aws"),
            (Service::EventBridge, "cn-north-1", false, true, "https://events.cn-north-1.api.amazonwebservices.com.cn"),
            (
                Service::SecurityHub,
                "us-gov-west-1",
                true,
                false,
                "https://securityhub-fips.us-gov-west-1.amazonaws.com",
            ),
            (Service::S3Control, "eu-central-1", false, false, "https://s3-control.eu-central-1.amazonaws.com"),
            (
                Service::S3Control,
                "us-gov-west-1",
                true,
                true,
                "https://s3-control-fips.dualstack.us-gov-west-1.amazonaws.com",
            ),
            (Service::S3Control, "cn-north-1", false, false, "https://s3-control.cn-north-1.amazonaws.com.cn"),
            (Service::SecurityHub, "us-isob-east-1", false, false, "https://securityhub.us-isob-east-1.sc2s.sgov.gov"),
        ] {
            assert_eq!(of(service, region, fips, dual_stack), url);
        }
    }
}
