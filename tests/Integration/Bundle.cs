using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OciRun.Tests.Integration;

/// <summary>
/// A bundle directory with a busybox rootfs and a config.json that starts from a default and is edited fluently.
/// </summary>
public sealed class Bundle
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly Lazy<string[]> Applets = new(ListApplets);

    public Bundle(string path)
    {
        Path = path;
        Rootfs = System.IO.Path.Combine(path, "rootfs");
        MakeRootfs(Rootfs);
        Config = Default();
    }

    public string Path { get; }

    public string Rootfs { get; }

    public JsonObject Config { get; }

    public JsonObject Process => (JsonObject)Config["process"]!;

    public JsonObject Linux => (JsonObject)Config["linux"]!;

    public JsonArray Mounts => (JsonArray)Config["mounts"]!;

    public Bundle Args(params string[] args)
    {
        Process["args"] = new JsonArray(args.Select(a => (JsonNode)a).ToArray());
        return this;
    }

    /// <summary>Runs a shell command line.</summary>
    public Bundle Shell(string script) => Args("/bin/sh", "-c", script);

    public Bundle Edit(Action<JsonObject> edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        edit(Config);
        return this;
    }

    /// <summary>Merges as RFC 7396 does: objects deeply, null removes, all else replaces.</summary>
    public Bundle Merge(JsonObject patch)
    {
        Merge(Config, patch);
        return this;
    }

    public Bundle Mount(string destination, string type, string source, params string[] options)
    {
        Mounts.Add((JsonNode)new JsonObject
        {
            ["destination"] = destination,
            ["type"] = type,
            ["source"] = source,
            ["options"] = new JsonArray(options.Select(o => (JsonNode)o).ToArray()),
        });
        return this;
    }

    public Bundle NoMount(string destination)
    {
        foreach (JsonNode? mount in Mounts.Where(m => (string?)m!["destination"] == destination).ToArray())
            Mounts.Remove(mount);
        return this;
    }

    public Bundle NoNamespace(string type)
    {
        JsonArray namespaces = (JsonArray)Linux["namespaces"]!;
        foreach (JsonNode? entry in namespaces.Where(n => (string?)n!["type"] == type).ToArray())
            namespaces.Remove(entry);
        return this;
    }

    /// <summary>Adds a namespace, in place of one of the same type.</summary>
    public Bundle Namespace(string type, string? path = null)
    {
        NoNamespace(type);
        JsonObject entry = new() { ["type"] = type };
        if (path is not null)
            entry["path"] = path;
        ((JsonArray)Linux["namespaces"]!).Add((JsonNode)entry);
        return this;
    }

    /// <summary>Makes the configuration fit an unprivileged caller with one id.</summary>
    public Bundle ForRootless()
    {
        Namespace("user");
        Linux["uidMappings"] = Mapping(Runtime.RootlessId);
        Linux["gidMappings"] = Mapping(Runtime.RootlessId);
        Linux.Remove("resources");
        NoMount("/sys/fs/cgroup");
        JsonArray options = (JsonArray)Mounts.Single(m => (string?)m!["destination"] == "/dev/pts")!["options"]!;
        foreach (JsonNode? gid in options.Where(o => ((string)o!).StartsWith("gid=", StringComparison.Ordinal)).ToArray())
            options.Remove(gid);
        return this;
    }

    /// <summary>Adds a user namespace with 65,536 ids from 100000 on.</summary>
    public Bundle MapUsers()
    {
        Namespace("user");
        Linux["uidMappings"] = Mapping(100000, 65536);
        Linux["gidMappings"] = Mapping(100000, 65536);
        return this;
    }

    public static JsonArray Mapping(int host, int size = 1, int container = 0) =>
        new(new JsonObject { ["containerID"] = container, ["hostID"] = host, ["size"] = size });

    /// <summary>Writes config.json.</summary>
    public Bundle Save()
    {
        File.WriteAllText(System.IO.Path.Combine(Path, "config.json"), Config.ToJsonString(Indented));
        return this;
    }

    /// <summary>A path below the rootfs, as the host sees it.</summary>
    public string InRootfs(string path) => System.IO.Path.Combine(Rootfs, path.TrimStart('/'));

    public Bundle WithFile(string path, string text, UnixFileMode? mode = null)
    {
        string full = InRootfs(path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        if (mode is not null)
            File.SetUnixFileMode(full, mode.Value);
        return this;
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach ((string key, JsonNode? value) in patch.ToArray())
        {
            if (value is null)
                target.Remove(key);
            else if (value is JsonObject inner && target[key] is JsonObject old)
                Merge(old, inner);
            else
                target[key] = value.DeepClone();
        }
    }

    // The applets are links to a private copy of busybox, so that nothing a container does can reach the host's.
    private static void MakeRootfs(string rootfs)
    {
        foreach (string dir in new[] { "bin", "proc", "sys", "dev", "tmp", "etc", "root", "mnt" })
            Directory.CreateDirectory(System.IO.Path.Combine(rootfs, dir));
        string busybox = System.IO.Path.Combine(rootfs, "bin", "busybox");
        File.Copy("/bin/busybox", busybox);
        foreach (string applet in Applets.Value)
            File.CreateSymbolicLink(System.IO.Path.Combine(rootfs, "bin", applet), "busybox");
        File.WriteAllText(System.IO.Path.Combine(rootfs, "etc", "passwd"),
            "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
        File.WriteAllText(System.IO.Path.Combine(rootfs, "etc", "group"), "root:x:0:\nalice:x:1000:\n");
    }

    private static string[] ListApplets()
    {
        ProcessStartInfo info = new("/bin/busybox") { UseShellExecute = false, RedirectStandardOutput = true, ArgumentList = { "--list" } };
        using Process list = System.Diagnostics.Process.Start(info)!;
        string names = list.StandardOutput.ReadToEnd();
        list.WaitForExit();
        return names.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(n => n != "busybox").ToArray();
    }

    private static JsonObject Default() => (JsonObject)JsonNode.Parse("""
        {
          "ociVersion": "1.2.0",
          "process": {
            "terminal": false,
            "user": { "uid": 0, "gid": 0 },
            "args": ["true"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {
              "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
              "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
              "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
            },
            "noNewPrivileges": true
          },
          "root": { "path": "rootfs" },
          "hostname": "box",
          "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
            { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
            { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
            { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
            { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
            { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"] }
          ],
          "linux": {
            "resources": { "devices": [{ "allow": false, "access": "rwm" }] },
            "namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" }],
            "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
          }
        }
        """)!;
}
