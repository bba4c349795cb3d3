using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>
/// What a config asks for and this machine does not have. <c>create</c> learns it from the kernel, when it is too late
/// for a list; <c>validate</c> asks beforehand. A fault has the text that <c>create</c> would give it.
/// </summary>
internal readonly partial struct HostRules
{
    // CAP_SYS_RESOURCE, linux/capability.h.
    private const int SysResource = 24;

    private readonly Config _config;
    private readonly RootLayers? _layers;
    private readonly Utf8 _bundle;
    private readonly List<Finding> _findings;

    private HostRules(Config config, RootLayers? layers, Utf8 bundle, List<Finding> findings)
    {
        _config = config;
        _layers = layers;
        _bundle = bundle;
        _findings = findings;
    }

    /// <summary>Adds what is missing. Reads files of the host and changes nothing.</summary>
    /// <param name="config">A config that could be planned.</param>
    /// <param name="layers">Those of the root file system, which may come from the command line; null without.</param>
    /// <param name="bundle">Absolute path of the bundle.</param>
    /// <param name="findings">Receives the findings.</param>
    public static void Check(Config config, RootLayers? layers, Utf8 bundle, List<Finding> findings)
    {
        HostRules rules = new(config, layers, bundle, findings);
        rules.Process();
        rules.Layers();
        rules.Mounts();
        rules.Namespaces();
        rules.IdMappings();
        rules.Devices();
        rules.Sysctl();
        rules.Seccomp();
    }

    private void Error(Fault fault) => _findings.Add(new Finding(Severity.Error, fault));

    private void Warning(Fault fault) => _findings.Add(new Finding(Severity.Warning, fault));

    private bool IsNew(ReadOnlySpan<byte> type)
    {
        foreach (Namespace entry in _config.Linux?.Namespaces ?? [])
        {
            if (entry.Type.Is(type))
                return entry.Path.IsEmpty;
        }

        return false;
    }

    private ReadOnlySpan<byte> BelowBundle(Utf8 path) =>
        path.StartsWith("/"u8) ? path.Span : new Utf8($"{_bundle}/{path}").Span;

    private static bool May(int capability) => (Machine.EffectiveCapabilities & (1UL << capability)) != 0;

    private void Devices()
    {
        // Without the right to make nodes the host's are bound (features.md DV10).
        if (!IsNew("user"u8) && !Machine.InUserNamespace)
            return;
        LinuxDevice[] devices = _config.Linux?.Devices ?? [];
        for (int i = 0; i < devices.Length; i++)
        {
            HostFile node = Machine.At(devices[i].Path.Span);
            if (devices[i].Type.Is("p"u8) || node.Errno == 0)
                continue;
            Error(new Fault("cannot make the device")
            {
                Field = $"linux.devices[{i}] \"{devices[i].Path}\"",
                Syscall = "open_tree",
                Errno = node.Errno,
            });
        }
    }

    private void Sysctl()
    {
        foreach (Pair pair in _config.Linux?.Sysctl ?? [])
        {
            byte[] path = [.. "/proc/sys/"u8, .. pair.Key.Span];
            if (!pair.Key.Span.Contains((byte)'/'))
                path.AsSpan().Replace((byte)'.', (byte)'/');
            if (!Machine.At(path).IsMissing)
                continue;
            Fault fault = new("cannot write the value")
            {
                Field = $"linux.sysctl[\"{pair.Key}\"] \"{pair.Value}\"",
                Syscall = "openat2",
                Errno = Machine.At(path).Errno,
                Hint = "the kernel has no such sysctl in this namespace",
            };

            // An interface of the container's namespace may bring it.
            if (pair.Key.StartsWith("net"u8))
                Warning(fault);
            else
                Error(fault);
        }
    }
}
