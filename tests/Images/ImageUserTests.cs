using System;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class ImageUserTests
{
    private const string Passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nalice:x:1000:100::/:\nbob:x:1001:101\n1234:x:7:8::/:\nbad:x:-1:4294967295::/:\n";
    private const string Group = "root:x:0:\nwheel:x:10:root,alice\nusers:x:100:alice\naudio:x:29:alice,bob\nmalice:x:66:malice\n99:x:77:\n";

    [Theory]
    [InlineData("", 0, 0, "10")]
    [InlineData("root", 0, 0, "10")]
    [InlineData("0", 0, 0, "10")]
    [InlineData("alice", 1000, 100, "10,29")]
    [InlineData("1000", 1000, 100, "10,29")]
    [InlineData("bob", 1001, 101, "29")]
    [InlineData("alice:wheel", 1000, 10, "")]
    [InlineData("alice:5", 1000, 5, "")]
    [InlineData("5000", 5000, 0, "")]
    [InlineData("5000:6000", 5000, 6000, "")]
    [InlineData(":10", 0, 10, "")]
    [InlineData("alice:", 1000, 100, "10,29")]
    [InlineData("1234", 1234, 0, "")]
    public void Names_and_numbers_are_resolved(string user, uint uid, uint gid, string groups)
    {
        ImageUser found = ImageUser.Resolve(user, Bytes(Passwd), Bytes(Group));
        (found.Uid, found.Gid, string.Join(',', found.Groups)).Should().Be((uid, gid, groups));
    }

    [Fact]
    public void Numbers_need_no_files() =>
        ImageUser.Resolve("12:34", default, default).Should().BeEquivalentTo(new ImageUser(12, 34, []));

    [Theory]
    [InlineData("carol", "no user \"carol\"")]
    [InlineData("broken", "no user")]
    [InlineData("bad", "no user")]
    [InlineData("-1", "no user")]
    [InlineData("4294967295", "no user")]
    [InlineData("alice:nobody", "no group \"nobody\"")]
    public void Unknown_names_are_refused(string user, string message)
    {
        Action resolve = () => ImageUser.Resolve(user, Bytes(Passwd), Bytes(Group));
        resolve.Should().Throw<FaultException>().Which.Fault.Message.Should().Contain(message);
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
