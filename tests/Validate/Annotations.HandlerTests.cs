using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class AnnotationsHandlerTests
{
    [Theory]
    [InlineData("run.oci.handler", "krun", "sh")]
    [InlineData("run.oci.handler", "wasm", "sh")]
    [InlineData("run.oci.handler", "dotnet", "sh")]
    [InlineData("run.oci.handler", "wasm-smart", "/a.wasm")]
    [InlineData("run.oci.handler", "wasm-smart", "/a.wat")]
    [InlineData("module.wasm.image/variant", "compat", "sh")]
    [InlineData("module.wasm.image/variant", "compat-smart", "/a.wasm")]
    public void What_would_need_another_executor_is_refused(string key, string value, string program)
    {
        Findings($"\"{key}\": \"{value}\"", program).Should().Equal(
            $"annotations[\"{key}\"] \"{value}\": programs are only executed by the kernel here; "
            + "remove the annotation, or use a crun that was built with this handler");
        Findings($"\"io.kubernetes.cri.container-type\": \"sandbox\", \"{key}\": \"{value}\"", program).Should().BeEmpty();
        Findings($"\"{key}\": \"{value}\", \"io.kubernetes.cri.container-type\": \"container\"", program).Should().ContainSingle();
    }

    [Theory]
    [InlineData("\"run.oci.handler\": \"unknown\"")]
    [InlineData("\"run.oci.handler\": \"wasm-smart\"")]
    [InlineData("\"module.wasm.image/variant\": \"compat-smart\"")]
    [InlineData("\"module.wasm.image/variant\": \"other\"")]
    [InlineData("\"run.oci.handler\": \"wasm-smart\", \"module.wasm.image/variant\": \"compat\"")]
    [InlineData("\"krun.cpus\": \"2\", \"krun.ram_mib\": \"512\"")]
    [InlineData("\"bundle\": \"/elsewhere\"")]
    [InlineData("\"org.systemd.property.x1\": \"?\"")]
    public void What_crun_would_execute_itself_is_accepted(string annotations) => Findings(annotations, "sh").Should().BeEmpty();

    private static string[] Findings(string annotations, string program) => Validating.Bare($$"""
        "root": {"path": "rootfs"}, "process": {"args": ["{{program}}"], "cwd": "/"}, "annotations": { {{annotations}} }
        """);
}
