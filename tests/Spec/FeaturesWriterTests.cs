using System.Text;
using FluentAssertions;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class FeaturesWriterTests
{
    private static readonly FeaturesDocument Sample = new()
    {
        OciVersionMin = "1.0.0",
        OciVersionMax = "1.3.0",
        Hooks = ["prestart", "poststop"],
        MountOptions = ["ro", "rro"],
        Namespaces = ["cgroup", "user"],
        Capabilities = ["CAP_CHOWN"],
        Cgroup = new CgroupFeatures(V1: false, V2: true, Systemd: true, SystemdUser: true, Rdma: false),
        Seccomp = new SeccompFeatures(
            true,
            ["SCMP_ACT_ALLOW"],
            ["SCMP_CMP_EQ"],
            ["SCMP_ARCH_X86_64"],
            ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"],
            ["SECCOMP_FILTER_FLAG_LOG"]),
        Apparmor = true,
        Selinux = false,
        IntelRdt = new IntelRdtFeatures(Enabled: true, Schemata: false, Monitoring: true),
        MemoryPolicy = new MemoryPolicyFeatures(["MPOL_BIND"], ["MPOL_F_STATIC_NODES"]),
        IdmappedMounts = true,
        NetDevices = false,
        Annotations = [new Pair("org.example.version", "1")],
        PotentiallyUnsafeConfigAnnotations = ["org.systemd.property."],
    };

    [Fact]
    public void Every_member_is_written() => Encoding.UTF8.GetString(FeaturesWriter.Write(Sample)).Should().Be(
        """
        {
            "ociVersionMin": "1.0.0",
            "ociVersionMax": "1.3.0",
            "hooks": [
                "prestart",
                "poststop"
            ],
            "mountOptions": [
                "ro",
                "rro"
            ],
            "linux": {
                "namespaces": [
                    "cgroup",
                    "user"
                ],
                "capabilities": [
                    "CAP_CHOWN"
                ],
                "cgroup": {
                    "v1": false,
                    "v2": true,
                    "systemd": true,
                    "systemdUser": true,
                    "rdma": false
                },
                "seccomp": {
                    "enabled": true,
                    "actions": [
                        "SCMP_ACT_ALLOW"
                    ],
                    "operators": [
                        "SCMP_CMP_EQ"
                    ],
                    "archs": [
                        "SCMP_ARCH_X86_64"
                    ],
                    "knownFlags": [
                        "SECCOMP_FILTER_FLAG_LOG",
                        "SECCOMP_FILTER_FLAG_TSYNC"
                    ],
                    "supportedFlags": [
                        "SECCOMP_FILTER_FLAG_LOG"
                    ]
                },
                "apparmor": {
                    "enabled": true
                },
                "selinux": {
                    "enabled": false
                },
                "intelRdt": {
                    "enabled": true,
                    "schemata": false,
                    "monitoring": true
                },
                "memoryPolicy": {
                    "modes": [
                        "MPOL_BIND"
                    ],
                    "flags": [
                        "MPOL_F_STATIC_NODES"
                    ]
                },
                "mountExtensions": {
                    "idmap": {
                        "enabled": true
                    }
                },
                "netDevices": {
                    "enabled": false
                }
            },
            "annotations": {
                "org.example.version": "1"
            },
            "potentiallyUnsafeConfigAnnotations": [
                "org.systemd.property."
            ]
        }

        """);

    [SchemaFact]
    public void The_document_obeys_the_schema()
    {
        Schema.Errors("features-schema.json", FeaturesWriter.Write(Sample)).Should().BeEmpty();
        FeaturesDocument wrong = Sample with { Capabilities = ["chown"] };
        Schema.Errors("features-schema.json", FeaturesWriter.Write(wrong)).Should().NotBeEmpty();
    }
}
