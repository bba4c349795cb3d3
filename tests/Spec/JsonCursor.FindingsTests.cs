using System.Collections.Generic;
using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class JsonCursorFindingsTests
{
    [Fact]
    public void Reading_goes_on_after_every_wrong_value()
    {
        Config config = Examine(
            """
            "ociVersion": 1, "hostname": {"a": [1, {}]}, "domainname": "d", "process": {"terminal": "x", "cwd": "/", "args": ["a", 2, null, "b"],
            "user": {"uid": -1, "gid": 7, "additionalGids": [1, "2", 4294967295, 3]}, "rlimits": [{"soft": 1.5, "hard": 9}, 4]},
            "mounts": "none", "linux": {"timeOffsets": {"tai": {"secs": 1}, "boottime": {"secs": 2}}, "sysctl": {"a": 1, "b": "2"}}
            """, out string[] refused, out string[] ignored);
        refused.Should().Equal(
            "ociVersion: expected a string, found 1",
            "hostname: expected a string, found an object",
            "process.terminal: expected true or false, found \"x\"",
            "process.args[1]: expected a string, found 2",
            "process.args[2]: expected a string, found null",
            "process.user.uid: expected an integer from 0 to 4294967294, found -1",
            "process.user.additionalGids[1]: expected an unsigned integer, found \"2\"",
            "process.user.additionalGids[2]: expected an integer from 0 to 4294967294, found 4294967295; setresuid(2) and chown(2) take 4294967295 as 'leave unchanged'",
            "process.rlimits[0].soft: expected an integer from 0 to 18446744073709551615, found 1.5",
            "process.rlimits[1]: expected an object, found 4",
            "mounts: expected an array, found \"none\"",
            "linux.timeOffsets.tai: unknown clock; use monotonic or boottime",
            "linux.sysctl.a: expected a string, found 1");
        ignored.Should().BeEmpty();
        config.Domainname.ToString().Should().Be("d");
        config.Process!.Args!.Select(arg => arg.ToString()).Should().Equal("a", "b");
        config.Process.User!.Gid.Should().Be(7);
        config.Process.User.AdditionalGids.Should().Equal(1, 3);
        config.Process.Rlimits.Should().ContainSingle().Which.Hard.Should().Be(9);
        config.Linux!.TimeOffsets!.Boottime!.Secs.Should().Be(2);
    }

    [Fact]
    public void Texts_that_are_none_are_found()
    {
        Examine(
            """
            "ociVersion": "1.2.0", "hostname": "a\u0000b", "domainname": "\ud800", "annotations": {"x": "\u0000"}, "process": {"cwd": "/x"}
            """, out string[] refused, out _);
        refused.Should().HaveCount(3);
        refused.Should().Contain(text => text.StartsWith("hostname: contains a NUL"));
        refused.Should().Contain(text => text.StartsWith("domainname: contains half"));
        refused.Should().Contain(text => text.StartsWith("annotations.x: contains a NUL"));
    }

    [Fact]
    public void Unknown_properties_are_found_and_those_of_other_platforms_are_not()
    {
        Examine(
            """
            "ociVersion": "1.2.0", "maskedPaths": ["/x"], "windows": {"a": 1}, "process": {"user": {"username": "me", "uidd": 1}, "commandLine": ""},
            "linux": {"namespace": [{"type": "pid"}], "intelRdt": {"enableCMT": true}, "seccomp": {"syscalls": [{"name": "x"}]}}
            """, out string[] refused, out string[] ignored);
        refused.Should().BeEmpty();
        ignored.Select(text => text.Split(':')[0]).Should().Equal(
            "maskedPaths", "process.user.uidd", "linux.namespace", "linux.seccomp.syscalls[0].name");
    }

    [Fact]
    public void What_is_no_JSON_ends_it()
    {
        System.Action read = () => Examine("\"ociVersion\": \"1.0.0\", \"hostname\": 3, \"process\": {", out _, out _);
        read.Should().Throw<FaultException>().Which.Fault.Text().Should().Contain("config.json");
    }

    [Fact]
    public void The_version_is_judged_too()
    {
        Examine("\"ociVersion\": \"2.0.0\"", out string[] refused, out _);
        refused.Should().ContainSingle().Which.Should().StartWith("ociVersion \"2.0.0\": only versions 1.x");
    }

    private static Config Examine(string members, out string[] refused, out string[] ignored)
    {
        List<Fault> errors = [];
        List<Fault> warnings = [];
        Config config = ConfigReader.Examine(Encoding.UTF8.GetBytes("{" + members + "}"), "config.json", errors, warnings);
        refused = [.. errors.Select(fault => fault.Text())];
        ignored = [.. warnings.Select(fault => fault.Text())];
        return config;
    }
}
