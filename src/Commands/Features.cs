using System;
using OciRun.Filters;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary><c>features</c> (features.md 1.18, 4.4): needs no privileges and touches no state.</summary>
internal static class Features
{
    public static Verb Describe() => new()
    {
        Name = "features",
        Summary = "print what this program implements as JSON",
        Maximum = 0,
        SeeAlso = ["spec"],
        Execute = static _ =>
        {
            Output.Write(FeaturesWriter.Write(Document()));
            return 0;
        },
    };

    internal static FeaturesDocument Document() => new()
    {
        OciVersionMin = "1.0.0",
        OciVersionMax = Version.Specification,
        Hooks = FeatureLists.Hooks,
        MountOptions = MountOptions.Words(),
        Namespaces = FeatureLists.Namespaces,
        Capabilities = FeatureLists.Capabilities,
        Cgroup = new CgroupFeatures(V1: false, V2: true, Systemd: true, SystemdUser: true, Rdma: true),
        Seccomp = new SeccompFeatures(
            Enabled: true,
            FeatureLists.SeccompActions,
            SeccompCompiler.Operators,
            SeccompCompiler.Architectures,
            SeccompCompiler.KnownFlags,
            SeccompSupport.Flags()),
        Apparmor = true,
        Selinux = true,
        IntelRdt = new IntelRdtFeatures(Enabled: true, Schemata: true, Monitoring: true),
        MemoryPolicy = new MemoryPolicyFeatures(FeatureLists.MemoryPolicyModes, FeatureLists.MemoryPolicyFlags),
        // Callers refuse or send idmapped mounts by this, so it follows what the parser takes.
        IdmappedMounts = Array.IndexOf(MountOptions.Words(), "idmap") >= 0,
        NetDevices = true,
        Annotations =
        [
            new Pair("org.ocirun.version", Version.Program),
            .. BuildConstants.Commit.Length > 0 ? (Pair[])[new Pair("org.ocirun.commit", BuildConstants.Commit)] : [],
            // Under runc's name because engines look there whether containers can be checkpointed.
            new Pair("org.opencontainers.runc.checkpoint.enabled", "true"),
        ],
        PotentiallyUnsafeConfigAnnotations = FeatureLists.UnsafeAnnotations,
    };
}
