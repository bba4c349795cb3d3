using System;
using System.IO;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Jobs;
using OciRun.Filters;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Benchmarks;

/// <summary>
/// The pure work of <c>create</c> on the docker-like bundle, warm and in process. A real start pays the cold price:
/// <c>make bench</c> measures that.
/// </summary>
[MemoryDiagnoser]
[SimpleJob(RuntimeMoniker.HostProcess)]
public class CreateBenchmarks
{
    private byte[] json = Array.Empty<byte>();
    private Config? config;

    [GlobalSetup]
    public void Setup()
    {
        json = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "docker-like.json"));
        config = ConfigReader.Read(json, "config.json");
    }

    [Benchmark]
    public object ReadConfig() => ConfigReader.Read(json, "config.json");

    [Benchmark]
    public object? CompileSeccomp() => SeccompCompiler.Compile(config!.Linux!.Seccomp, Architecture.X64);

    [Benchmark]
    public void MakePlan()
    {
        ContainerPlan plan = Planner.Make(new PlanRequest
        {
            Config = config!,
            Bundle = "/bundle",
            Rootfs = "/bundle/rootfs",
            Id = "bench",
            Privileged = true,
        });
        plan.Arena.Dispose();
    }
}
