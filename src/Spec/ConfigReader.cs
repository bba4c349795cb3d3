using System;
using System.Collections.Generic;
using System.Text.Json;
using OciRun.Errors;

namespace OciRun.Spec;

/// <summary>
/// Reads config.json, process.json and resources documents in one pass over their bytes. Checks types and the
/// ranges of integers; required fields and everything about meaning are left to validation.
/// </summary>
/// <remarks>
/// Field names are those of runtime-spec 1.3.0 and case-sensitive; unknown ones are ignored (config.md,
/// "Extensibility"), the last of equal ones wins, null is absent. Texts are slices of the given buffer, which
/// must therefore not change afterwards. All errors are <see cref="FaultException"/>.
/// </remarks>
internal static unsafe partial class ConfigReader
{
    /// <summary>Largest document that is read, in bytes (16 MiB).</summary>
    public const int MaximumSize = 16 << 20;

    /// <summary>Reads a config.json.</summary>
    /// <param name="json">The whole file.</param>
    /// <param name="name">What errors call the file.</param>
    /// <remarks>Any 1.x version is taken, as later ones only add fields (config.md, "Specification version").</remarks>
    public static Config Read(byte[] json, string name)
    {
        Config config = Document<Config>(json, name, &ReadConfig);
        return VersionFault(config.OciVersion) is { } fault ? throw new FaultException(fault) : config;
    }

    /// <summary>Reads a config.json as far as it can be read.</summary>
    /// <param name="json">The whole file.</param>
    /// <param name="name">What errors call the file.</param>
    /// <param name="refused">Receives what <see cref="Read"/> would throw for; such values count as absent.</param>
    /// <param name="ignored">Receives the properties that are not of the specification.</param>
    /// <exception cref="FaultException">It is not JSON, or far too much is wrong.</exception>
    public static Config Examine(byte[] json, string name, List<Fault> refused, List<Fault> ignored)
    {
        Config config = Document<Config>(json, name, &ReadConfig, refused, ignored);
        if (VersionFault(config.OciVersion) is { } fault && !refused.Exists(static other => other.Field == "ociVersion"))
            refused.Add(fault);
        return config;
    }

    private static Fault? VersionFault(Utf8 version)
    {
        if (version.IsNull)
            return new Fault("missing") { Field = "ociVersion", Hint = "set it to \"1.3.0\"" };
        if (version.StartsWith("1."u8))
            return null;
        return new Fault("only versions 1.x of the runtime specification are supported")
        {
            Field = "ociVersion",
            Value = version.ToString(),
            Hint = "convert the bundle to 1.3.0",
        };
    }

    /// <summary>Reads a process.json, as given to <c>exec --process</c>; paths in errors start in that document.</summary>
    public static Process ReadProcess(byte[] json, string name) => Document<Process>(json, name, &ReadProcess);

    /// <summary>Reads a <c>hooks</c> object that stands alone.</summary>
    public static Hooks ReadHooks(byte[] json, string name) => Document<Hooks>(json, name, &ReadHooks);

    /// <summary>Reads a resources document, as given to <c>update --resources</c>.</summary>
    public static LinuxResources ReadResources(byte[] json, string name) =>
        Document<LinuxResources>(json, name, &ReadResources);

    /// <summary>Reads an array of mounts that stands alone, as given to <c>mounts add</c>.</summary>
    public static Mount[] ReadMounts(byte[] json, string name) => Document<Mount[]>(json, name, &ReadMounts, isList: true);

    private static T Document<T>(
        byte[] bytes, string name, delegate*<ref JsonCursor, T> read, List<Fault>? refused = null, List<Fault>? ignored = null,
        bool isList = false)
    {
        JsonSyntax.CheckBytes(bytes, name, MaximumSize);
        try
        {
            JsonCursor json = new(bytes, name);
            if (refused is not null && ignored is not null)
                json.Collect(refused, ignored);
            if (isList)
                json.BeginList();
            else
                json.Begin();
            T document = read(ref json);
            json.End();
            return document;
        }
        catch (JsonException)
        {
            throw JsonSyntax.Explain(bytes, name);
        }
        catch (OutOfMemoryException)
        {
            // The heap has a fixed limit, which a file of the largest size made of escapes and map keys can reach.
            throw new FaultException(new Fault($"{name} needs more memory than there is") { Hint = "shorten it" });
        }
    }

    private static Config ReadConfig(ref JsonCursor json)
    {
        Config config = new();
        while (json.Property())
        {
            if (json.Is("ociVersion"u8))
                config.OciVersion = json.Text();
            else if (json.Is("process"u8))
                config.Process = json.Object() ? ReadProcess(ref json) : null;
            else if (json.Is("root"u8))
                config.Root = json.Object() ? ReadRoot(ref json) : null;
            else if (json.Is("hostname"u8))
                config.Hostname = json.Text();
            else if (json.Is("domainname"u8))
                config.Domainname = json.Text();
            else if (json.Is("mounts"u8))
                config.Mounts = json.Objects<Mount>(&ReadMount);
            else if (json.Is("hooks"u8))
                config.Hooks = json.Object() ? ReadHooks(ref json) : null;
            else if (json.Is("annotations"u8))
                config.Annotations = json.Pairs();
            else if (json.Is("linux"u8))
                config.Linux = json.Object() ? ReadLinux(ref json) : null;
            else
                json.Skip();
        }

        return config;
    }

    private static Root ReadRoot(ref JsonCursor json)
    {
        Root root = new();
        while (json.Property())
        {
            if (json.Is("path"u8))
                root.Path = json.Text();
            else if (json.Is("readonly"u8))
                root.Readonly = json.Flag() ?? false;
            else
                json.Skip();
        }

        return root;
    }
}
