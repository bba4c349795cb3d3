using BenchmarkDotNet.Running;

namespace OciRun.Benchmarks;

internal static class Program
{
    // dotnet run -c Release --project bench -- --filter '*'
    private static void Main(string[] arguments) => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(arguments);
}
