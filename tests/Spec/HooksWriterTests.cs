using System.Text;
using FluentAssertions;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class HooksWriterTests
{
    [Fact]
    public void What_is_written_is_read_again()
    {
        Config config = Reading.Members("""
            "hooks": {"prestart": [{"path": "/p"}], "poststart": [{"path": "/a", "args": ["a", "b \"c\""], "timeout": 9}],
                      "poststop": [{"path": "/b", "env": []}, {"path": "/c", "env": ["X=\u00e4\n"]}]}
            """);
        byte[] json = HooksWriter.Write(config.Hooks!);
        Hooks hooks = ConfigReader.ReadHooks(json, "hooks.json");
        hooks.Prestart.Should().BeNull("only later commands need them");
        hooks.Poststart!.Should().ContainSingle();
        hooks.Poststart![0].Path.ToString().Should().Be("/a");
        hooks.Poststart[0].Args![1].ToString().Should().Be("b \"c\"");
        hooks.Poststart[0].Env.Should().BeNull();
        hooks.Poststart[0].Timeout.Should().Be(9);
        hooks.Poststop![0].Env.Should().BeEmpty();
        hooks.Poststop[1].Env![0].ToString().Should().Be("X=ä\n");
        HooksWriter.Write(hooks).Should().Equal(json);
        Encoding.UTF8.GetString(HooksWriter.Write(new Hooks())).Should().Be("{}");
    }
}
