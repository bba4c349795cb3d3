using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>
/// What users, images and programs have written reaches neither the terminal raw nor breaks the log (security.md R-135):
/// each text that a caller can choose, through the errors of each verb and through what is printed of a success.
/// </summary>
public sealed class TextsOfOthersTests : RuntimeTest
{
    // A forged line, a cleared screen, a window title, CSI in eight bits, a turned line, quotes and a lone backslash.
    private const string Nasty = "x\nlevel=error\r\u001b[2J\u001b]0;t\a\u0085\u009b31m\u202e\u007f\t\"}\\";

    private static readonly string[] Verbs = ["state", "start", "delete", "kill", "pause", "resume", "ps", "events", "update", "exec", "checkpoint", "restore", "create", "run", "mounts", "top"];

    private string LogFile => Path.Combine(Work, "log");

    [RuntimeFact]
    public void In_an_id_and_in_every_option_they_are_written_out()
    {
        Bundle.Args("true").Save();
        foreach (string verb in Verbs)
        {
            string[] bundle = verb is "create" or "run" or "restore" ? ["--bundle", Bundle.Path] : [];
            string[] before = verb == "mounts" ? ["add"] : [];
            string[] rest = verb switch { "exec" => ["true"], "mounts" => ["/dev/null"], "update" => [], _ => [] };
            Checked([verb, .. bundle, .. before, Nasty, .. rest]);
            Checked([verb, "--" + Nasty, Id]);
        }

        foreach (string option in new[] { "--root", "--log", "--log-level" })
            Checked([option, Nasty, "state", Id]);
        foreach (string option in new[] { "--bundle", "--pid-file", "--console-socket", "--preserve-fds", "--layer" })
            Checked(["create", "--bundle", Bundle.Path, option, Path.Combine(Work, "no", Nasty), Id]);
        Checked(["kill", Id, Nasty]);
        Checked(["exec", "--process", Nasty, Id]);
        Checked(["list", "--format", Nasty]);
        Runtime.Run("--log-format", Nasty, "state", Id).Err.TrimEnd().Should().NotContainAny("\n", "\u001b", "\u009b");
        Checked(["update", "--resources", Nasty, Id]);
        Checked(["unpack", "--ref", Nasty, Nasty, Path.Combine(Work, "unpacked")]);
        Checked(["validate", Nasty]);
        Checked(["plan", Nasty]);
        Checked([Nasty]);
    }

    [RuntimeFact]
    public void In_any_field_of_a_config_they_are_written_out()
    {
        foreach ((string name, JsonObject patch) in Patches())
        {
            JsonObject good = (JsonObject)Bundle.Config.DeepClone();
            Bundle.Args("true").Merge(patch).Save();
            foreach (string[] call in new string[][] { ["run", "--bundle", Bundle.Path, Id], ["validate", Bundle.Path], ["plan", Bundle.Path] })
                Checked(call, name);
            Runtime.Run("delete", "--force", Id);
            foreach (string key in Bundle.Config.Select(pair => pair.Key).ToArray())
                Bundle.Config.Remove(key);
            foreach ((string key, JsonNode? value) in good)
                Bundle.Config[key] = value?.DeepClone();
        }
    }

    [RuntimeFact]
    public void Bytes_that_are_not_UTF_8_do_not_break_the_log()
    {
        Bundle.Args("true").Save();
        string config = Path.Combine(Bundle.Path, "config.json");
        byte[] text = File.ReadAllBytes(config);
        int at = text.AsSpan().IndexOf("\"box\""u8);
        byte[] broken = [.. text.AsSpan(0, at + 1), 0xff, 0x9b, 0xc3, .. text.AsSpan(at + 1)];
        File.WriteAllBytes(config, broken);
        Checked(["run", "--bundle", Bundle.Path, Id]);
        Checked(["validate", Bundle.Path]);
        File.Delete(LogFile);
        Runtime.With("true").Under("/bin/sh", "-c", $"exec \"$0\" --log '{LogFile}' --log-format json state \"$(printf 'a\\233\\377b')\"").Run().Exit.Should().Be(1);
        CheckLog("an argument");
    }

    [RuntimeFact]
    public void What_hooks_and_the_executable_say_is_written_out()
    {
        string script = Path.Combine(Work, "hook");
        File.WriteAllText(script, "#!/bin/sh\nprintf '" + string.Concat(Encoding.UTF8.GetBytes(Nasty).Select(b => $"\\{Convert.ToString(b, 8).PadLeft(3, '0')}")) + "'\nexit 1\n");
        File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
        Bundle.Config["hooks"] = new JsonObject { ["createContainer"] = new JsonArray(new JsonObject { ["path"] = script, ["args"] = new JsonArray(Nasty) }) };
        Bundle.Args("true").Save();
        Outcome outcome = Runtime.Run("--log", LogFile, "--log-format", "json", "run", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().NotBe(0);
        CheckLog("a hook");
        outcome.Err.Split('\n').Where(line => line.Contains("hook", StringComparison.Ordinal)).Should().NotBeEmpty().And.OnlyContain(line => !line.Any(char.IsControl));
    }

    [RuntimeFact]
    public void Of_a_container_that_lives_they_are_written_out()
    {
        string place = Path.Combine(Work, "y\nforged\u001b[2J\u009bA");
        Directory.CreateDirectory(Path.Combine(place, "rootfs", "bin"));
        File.Copy("/bin/busybox", Path.Combine(place, "rootfs", "bin", "sleep"));
        foreach (string directory in new[] { "proc", "dev", "sys" })
            Directory.CreateDirectory(Path.Combine(place, "rootfs", directory));
        Bundle.Config["annotations"] = new JsonObject { [Nasty] = Nasty };
        Bundle.Args("/bin/sleep", "100").Save();
        File.Copy(Path.Combine(Bundle.Path, "config.json"), Path.Combine(place, "config.json"));
        Runtime.Run("create", "--bundle", place, Id).Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);

        string[] rows = Runtime.Run("list").Out.TrimEnd('\n').Split('\n');
        rows.Should().HaveCount(2).And.OnlyContain(row => !row.Any(char.IsControl));
        foreach (string[] call in new string[][] { ["state", Id], ["list", "--format", "json"] })
        {
            string json = Runtime.Run(call).Out;
            json.Where(c => c != '\n').Should().NotContain(c => char.IsControl(c), string.Join(' ', call));
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement state = document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement[0] : document.RootElement;
            state.GetProperty("bundle").GetString().Should().Be(place);
            state.GetProperty("annotations").GetProperty(Nasty).GetString().Should().Be(Nasty);
        }
    }

    private static IEnumerable<(string, JsonObject)> Patches()
    {
        static JsonArray One(JsonNode node) => new(node);
        static JsonObject Process(string field, JsonNode value) => new() { ["process"] = new JsonObject { [field] = value } };
        static JsonObject Linux(string field, JsonNode value) => new() { ["linux"] = new JsonObject { [field] = value } };
        static JsonObject Mount(string field)
        {
            JsonObject mount = new() { ["destination"] = "/mnt", ["type"] = "bind", ["source"] = "/srv/none", ["options"] = One("rbind") };
            mount[field] = field == "options" ? One(Nasty) : Nasty;
            return new JsonObject { ["mounts"] = One(mount) };
        }

        yield return ("ociVersion", new JsonObject { ["ociVersion"] = Nasty });
        yield return ("hostname", new JsonObject { ["hostname"] = Nasty });
        yield return ("root.path", new JsonObject { ["root"] = new JsonObject { ["path"] = Nasty } });
        foreach (string field in new[] { "destination", "type", "source", "options" })
            yield return ("mounts." + field, Mount(field));
        foreach (string hook in new[] { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" })
            yield return ("hooks." + hook, new JsonObject { ["hooks"] = new JsonObject { [hook] = One(new JsonObject { ["path"] = "/" + Nasty }) } });
        yield return ("process.args", Process("args", One(Nasty)));
        yield return ("process.cwd", Process("cwd", "/" + Nasty));
        yield return ("process.env", Process("env", One(Nasty)));
        yield return ("process.apparmorProfile", Process("apparmorProfile", Nasty));
        yield return ("process.selinuxLabel", Process("selinuxLabel", Nasty));
        yield return ("process.capabilities", Process("capabilities", new JsonObject { ["bounding"] = One(Nasty) }));
        yield return ("process.rlimits", Process("rlimits", One(new JsonObject { ["type"] = Nasty, ["soft"] = 1, ["hard"] = 1 })));
        yield return ("process.scheduler", Process("scheduler", new JsonObject { ["policy"] = Nasty }));
        yield return ("process.user.username", Process("user", new JsonObject { ["uid"] = Nasty }));
        yield return ("linux.cgroupsPath", Linux("cgroupsPath", "/" + Nasty));
        yield return ("linux.cgroupsPath, climbing", Linux("cgroupsPath", "/../" + Nasty));
        yield return ("linux.sysctl", Linux("sysctl", new JsonObject { [Nasty] = Nasty }));
        yield return ("linux.sysctl value", Linux("sysctl", new JsonObject { ["net.ipv4.ip_forward"] = Nasty }));
        yield return ("linux.namespaces type", Linux("namespaces", One(new JsonObject { ["type"] = Nasty })));
        yield return ("linux.namespaces path", Linux("namespaces", One(new JsonObject { ["type"] = "pid", ["path"] = "/" + Nasty })));
        yield return ("linux.devices", Linux("devices", One(new JsonObject { ["path"] = "/dev/" + Nasty, ["type"] = Nasty })));
        yield return ("linux.rootfsPropagation", Linux("rootfsPropagation", Nasty));
        yield return ("linux.mountLabel", Linux("mountLabel", Nasty));
        yield return ("linux.maskedPaths", Linux("maskedPaths", One(Nasty)));
        yield return ("linux.seccomp action", Linux("seccomp", new JsonObject { ["defaultAction"] = Nasty }));
        yield return ("linux.seccomp arch", Linux("seccomp", new JsonObject { ["defaultAction"] = "SCMP_ACT_ALLOW", ["architectures"] = One(Nasty) }));
        yield return ("linux.seccomp listener", Linux("seccomp", new JsonObject { ["defaultAction"] = "SCMP_ACT_NOTIFY", ["listenerPath"] = "/" + Nasty }));
        yield return ("linux.resources.unified", Linux("resources", new JsonObject { ["unified"] = new JsonObject { [Nasty] = Nasty } }));
        yield return ("linux.netDevices", Linux("netDevices", new JsonObject { [Nasty] = new JsonObject { ["name"] = Nasty } }));
        yield return ("linux.intelRdt", Linux("intelRdt", new JsonObject { ["closID"] = Nasty }));
        yield return ("linux.personality", Linux("personality", new JsonObject { ["domain"] = Nasty }));
        foreach (string key in new[] { "org.systemd.property.", "run.oci.systemd.subgroup", "run.oci.handler", "run.oci.hooks.stdout", "run.ocirun.rootfs.lower", "run.ocirun.rootfs.", "org.criu.config", "run.oci.mount_context_type", "run.oci.seccomp_bpf_data" })
            yield return ("annotations " + key, new JsonObject { ["annotations"] = new JsonObject { [key] = Nasty, [key + Nasty] = Nasty } });
        yield return ("an unknown field", new JsonObject { [Nasty] = Nasty });
    }

    // Whatever comes of the call: no raw character on either stream, one line of error at most, and each record whole.
    private void Checked(string[] arguments, string? what = null)
    {
        File.Delete(LogFile);
        Outcome outcome = Runtime.Run(["--log", LogFile, "--log-format", "json", "--debug", .. arguments]);
        string name = $"{what} {string.Join(' ', arguments)}: {outcome}";
        foreach (string text in new[] { outcome.Out, outcome.Err })
            text.Where(c => c != '\n').Should().NotContain(c => char.IsControl(c) || c == '\u202e', name);
        outcome.Exit.Should().BeInRange(0, 255, name);
        outcome.Err.Split('\n').Should().NotContain(line => line.StartsWith("level=error", StringComparison.Ordinal), name);
        if (arguments.Contains("validate") || arguments.Contains("plan"))
            outcome.Out.Split('\n').Should().NotContain(line => line.StartsWith("level=error", StringComparison.Ordinal), name);
        CheckLog(name);
    }

    private void CheckLog(string name)
    {
        if (!File.Exists(LogFile))
            return;
        Encoding strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        string log = strict.GetString(File.ReadAllBytes(LogFile));
        log.Should().EndWith("\n", name);
        foreach (string line in log.TrimEnd('\n').Split('\n'))
        {
            line.Should().NotContainAny(["\u001b", "\u009b", "\r", "\u007f"], name);
            using JsonDocument record = JsonDocument.Parse(line);
            record.RootElement.EnumerateObject().Select(member => member.Name).Should().OnlyHaveUniqueItems(name).And.BeSubsetOf(["level", "msg", "code", "time"], name);
        }
    }
}
