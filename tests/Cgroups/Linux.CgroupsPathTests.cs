using System;
using System.Linq;
using FluentAssertions;
using FsCheck;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class LinuxCgroupsPathTests
{
    [Theory]
    [InlineData("/a/b", "/own/self", "/a/b")]
    [InlineData("/a//b/./c/", "/own/self", "/a/b/c")]
    [InlineData("/../../x", "/own/self", "/x")]
    [InlineData("/a/../../b", "/own/self", "/b")]
    [InlineData("a/b", "/own/self", "/own/a/b")]
    [InlineData("a/b", "/self", "/a/b")]
    [InlineData("a/b", "/", "/a/b")]
    [InlineData("a/../../b", "/one/two/self", "/one/two/b")]
    [InlineData("../../../b", "/one/two/self", "/one/two/b")]
    [InlineData("a", "/../outside", "/a")]
    [InlineData("", "/own/self", "/own/id")]
    [InlineData("", "/self", "/id")]
    [InlineData("", "/", "/id")]
    [InlineData("/a:b:c", "/own/self", "/a:b:c")]
    [InlineData("a:b", "/own/self", "/own/a:b")]
    [InlineData("machine.slice:prefix:name", "/own/self", "/own/machine.slice:prefix:name")]
    public void A_path_is_placed_below_the_mount(string configured, string own, string expected) =>
        CgroupPath.Resolve(configured, "id", own).Should().Be(expected);

    [Fact]
    public void No_path_is_the_empty_path() => CgroupPath.Resolve(default, "id", "/own/self").Should().Be("/own/id");

    [Theory]
    [InlineData("/")]
    [InlineData("//.")]
    [InlineData("/..")]
    [InlineData("/a/..")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/..")]
    [InlineData("a\nb")]
    [InlineData("/a\0b")]
    [InlineData("/a\n")]
    public void A_path_that_is_no_cgroup_of_its_own_is_refused(string configured)
    {
        Action resolve = () => CgroupPath.Resolve(configured, "id", "/own/self");
        Fault fault = resolve.Should().Throw<FaultException>().Which.Fault;
        (fault.Field, fault.Value).Should().Be(("linux.cgroupsPath", configured));
        fault.Hint.Should().NotBeNull();
    }

    [Fact]
    public void A_path_of_5000_characters_is_refused()
    {
        Action resolve = () => CgroupPath.Resolve("/" + new string('x', 5000), "id", "/");
        resolve.Should().Throw<FaultException>().Which.Fault.Text().Length.Should().BeLessThan(300);
    }

    [Fact]
    public void No_path_leaves_the_mount_or_the_own_cgroups_siblings() => Prop.ForAll<int>(seed =>
    {
        System.Random random = new(seed);
        string[] words = ["..", ".", "", "a", "b", "...", "..a", "a..", "é", ":", "id"];
        string path = string.Join('/', Enumerable.Range(0, random.Next(8)).Select(_ => words[random.Next(words.Length)]));
        string resolved;
        try
        {
            resolved = CgroupPath.Resolve(path, "id", "/one/two/self");
        }
        catch (FaultException)
        {
            return true.ToProperty();
        }

        string[] parts = resolved[1..].Split('/');
        bool inside = resolved[0] == '/' && parts.All(part => part is not "" and not "." and not "..");
        bool beside = path.StartsWith('/') || (resolved.StartsWith("/one/two/", StringComparison.Ordinal) && parts.Length > 2);
        return (inside && beside).Label($"{path} -> {resolved}");
    }).Check(Runs());

    private static Configuration Runs()
    {
        Configuration runs = Configuration.QuickThrowOnFailure;
        runs.MaxNbOfTest = 5000;
        runs.EndSize = 1_000_000;
        return runs;
    }
}
